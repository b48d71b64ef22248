"""Connections beside Django's own, to the databases of the test suite."""

from urllib.parse import quote

from django.db import connection


def url_of(user: str, database: str = "") -> str:
    """How to reach the suite's server as another login; `database` is the suite's own unless named."""
    parameters = connection.get_connection_params()
    host = quote(str(parameters.get("host") or ""), safe="")
    password = f":{quote(parameters['password'], safe='')}" if parameters.get("password") else ""
    port = f"&port={parameters['port']}" if parameters.get("port") else ""
    return f"postgresql://{user}{password}@/{database or parameters['dbname']}?host={host}{port}"
