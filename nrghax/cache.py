"""The cache may be lost at any time: then pages are slower, not broken."""

import logging
from functools import wraps

from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

logger = logging.getLogger(__name__)


def _or(fallback):
    """Answer `fallback(*args)` where the server cannot be reached."""

    def decorate(name):
        method = getattr(RedisCacheClient, name)

        @wraps(method)
        def guarded(self, *args, **kwargs):
            try:
                return method(self, *args, **kwargs)
            except (RedisConnectionError, RedisTimeoutError) as error:
                logger.warning("The cache cannot be reached (%s): %s", name, type(error).__name__)
                return fallback(*args, **kwargs)

        return guarded

    return decorate


class ForgivingRedisCacheClient(RedisCacheClient):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._clients = {}

    def get_client(self, key=None, *, write=False):
        """Django makes a client for each call, which copies a table of all commands each time."""
        pool = self._get_connection_pool(write)
        if pool not in self._clients:
            self._clients[pool] = self._client(connection_pool=pool)
        return self._clients[pool]

    get = _or(lambda key, default=None: default)("get")
    get_many = _or(lambda keys: {})("get_many")
    add = _or(lambda key, value, timeout=None: True)("add")
    set = _or(lambda key, value, timeout=None: None)("set")
    set_many = _or(lambda data, timeout=None: None)("set_many")
    touch = _or(lambda key, timeout=None: False)("touch")
    delete = _or(lambda key: False)("delete")
    delete_many = _or(lambda keys: None)("delete_many")
    has_key = _or(lambda key: False)("has_key")
    incr = _or(lambda key, delta=1: delta)("incr")
    clear = _or(lambda: False)("clear")


class ForgivingRedisCache(RedisCache):
    def __init__(self, server, params):
        super().__init__(server, params)
        self._class = ForgivingRedisCacheClient
