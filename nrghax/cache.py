"""A Redis cache that tolerates a lost server: pages are slower then, not broken."""

import logging
from functools import wraps

from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

logger = logging.getLogger(__name__)


def _with_fallback(fallback):
    """Return `fallback(*args)` if the server can't be reached."""

    def decorate(name):
        method = getattr(RedisCacheClient, name)

        @wraps(method)
        def guarded(self, *args, **kwargs):
            try:
                return method(self, *args, **kwargs)
            except (RedisConnectionError, RedisTimeoutError) as error:
                logger.warning("The cache can't be reached (%s): %s", name, type(error).__name__)
                return fallback(*args, **kwargs)

        return guarded

    return decorate


class ForgivingRedisCacheClient(RedisCacheClient):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._clients = {}

    def get_client(self, key=None, *, write=False):
        """Return one client per pool. Django makes a client for each call, which copies a table of all commands."""
        pool = self._get_connection_pool(write)
        if pool not in self._clients:
            self._clients[pool] = self._client(connection_pool=pool)
        return self._clients[pool]

    get = _with_fallback(lambda key, default=None: default)("get")
    get_many = _with_fallback(lambda keys: {})("get_many")
    add = _with_fallback(lambda key, value, timeout=None: True)("add")
    set = _with_fallback(lambda key, value, timeout=None: None)("set")
    set_many = _with_fallback(lambda data, timeout=None: None)("set_many")
    touch = _with_fallback(lambda key, timeout=None: False)("touch")
    delete = _with_fallback(lambda key: False)("delete")
    delete_many = _with_fallback(lambda keys: None)("delete_many")
    has_key = _with_fallback(lambda key: False)("has_key")
    incr = _with_fallback(lambda key, delta=1: delta)("incr")
    clear = _with_fallback(lambda: False)("clear")


class ForgivingRedisCache(RedisCache):
    def __init__(self, server, params):
        super().__init__(server, params)
        self._class = ForgivingRedisCacheClient
