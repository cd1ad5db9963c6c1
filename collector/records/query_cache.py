"""The query cache: answers that were dear to make, kept until what they saw changes."""

from collector.orm import peewee
from collector.records.base import Document, Record, Text, Timestamp, Whole, kind


@kind("cache", "answers", source="answers of `collector summary`, and the daemon's digests")
class QueryCache(Record):
    """One kept answer, or a part of one, under the question it answers and the data it saw."""

    id = peewee.AutoField(help_text="counts up")
    cache_key = Text("the question, and the data it saw", longest=255, unique=True)
    cache_key_hash = Text("SHA-256 of the key, in hex", longest=64, unique=True)
    cached_data = Document("the answer", longest=16_000_000)
    data_size = Whole("size of the answer's text", unit="B", minimum=0)
    query_hash = Text("SHA-256 of the question, whatever data it saw", longest=64, null=True)
    user_id = Text("for whom it was made; null: for all", longest=100, null=True)
    tags = Document("the tables it was made of: a change in one takes it out", null=True)
    created_at = Timestamp("when it was made")
    expires_at = Timestamp("when it is taken out")
    last_accessed = Timestamp("when it was last used")
    access_count = Whole("times it was asked for", minimum=0, default=1)
    generation_time_ms = Whole("what it cost to make", unit="ms", minimum=0)
    hit_count = Whole("times it was used instead of being made again", minimum=0, default=0)

    class Meta:
        table_name = "query_cache"


QueryCache.add_index(QueryCache.expires_at, name="query_cache_expires_at")
QueryCache.add_index(QueryCache.user_id, name="query_cache_user_id")
QueryCache.add_index(QueryCache.last_accessed, name="query_cache_last_accessed")
QueryCache.add_index(QueryCache.tags, name="query_cache_tags")
