from collector.store import summaries
from collector.store.database import open_reader, open_writer, raw, transaction
import time
def digests(path):
    """Made as the daemon makes them."""
    reader, database = open_reader(path), open_writer(path, "normal")
    def ask(_name, step):
        with transaction(raw(database)):
            return step(raw(database))
    t=time.perf_counter()
    print(summaries.refresh(reader, ask, lambda: False, now_ms=int(time.time() * 1000), slow=summaries.Slow({"query": 100.0})), time.perf_counter()-t)
    reader.close(); database.close()
