"""Plans of queries: without their literals, and said in words.

One file per database knows how that one words its plans; ``document`` reads those of PostgreSQL and MySQL
that are JSON or YAML. What is not known for certain to be a figure or a name is taken for a literal.
"""

from collector.plans.advice import advice
from collector.plans.api import as_dialect, redacted_plan, remarks
from collector.plans.placeholders import Explainable, explainable

__all__ = ["Explainable", "advice", "as_dialect", "explainable", "redacted_plan", "remarks"]
