"""The database login of each kind of process."""

import environ

from database.logins import database_settings


def settings_of(process, **variables):
    env = environ.Env()
    env.ENVIRON = variables
    return database_settings(env, process=process)


def test_options_of_url_are_kept_beside_the_role():
    url = "postgresql://app:w@db.example/nrghax?options=-c%20statement_timeout%3D5s"

    config = settings_of("worker", DATABASE_URL=url)

    assert config["OPTIONS"]["options"] == "-c statement_timeout=5s -c role=nrghax_worker"
