"""What a script does with a record: create, read, update, delete, and the questions of its kinds.

import collector

with collector.open("measured.db") as record:
    record.create("skill", skill_id="sum", execution_ms=812, tokens_in=10, tokens_out=20, success=True)
"""

from collector.api.bulk import Answer
from collector.api.recording import Recording, opened
from collector.api.refused import Refused
from collector.api.skills import SkillAverages
from collector.api.transaction import Transaction

__all__ = ["Answer", "Recording", "Refused", "SkillAverages", "Transaction", "opened"]
