"""The broker's client is kept, as the cache's is (nrghax/cache.py): kombu makes one anew for each message."""

from collections.abc import Iterator
from contextlib import contextmanager

from kombu.transport import redis
from redis import Redis


class Channel(redis.Channel):
    kept: Redis | None = None

    @contextmanager
    def conn_or_acquire(self, client: Redis | None = None) -> Iterator[Redis]:
        # After a fork, and after the channel was closed, the pool is another.
        if self.kept is None or self.kept.connection_pool is not self.pool:
            self.kept = self.Client(connection_pool=self.pool)
        yield client or self.kept


class Transport(redis.Transport):
    Channel = Channel
