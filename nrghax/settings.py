"""All settings, read from the environment and from `.env`. The README's table lists the variables.

With DEBUG on, this is a developer's machine. dev/environment.py prepares its environment.
"""

import zoneinfo
from pathlib import Path

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from database.logins import database_settings
from nrghax.login_providers import login_providers
from nrghax.schedule import SCHEDULE

# Use the pinned tzdata, not the machine's: Python and the embedded PostgreSQL must agree on when a day begins.
zoneinfo.reset_tzpath(to=[])

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")
# Files made at run time: collected static files, beat's schedule, and in development the servers' data and mails.
DATA_DIR = Path(env.str("NRGHAX_DATA_DIR", default=str(BASE_DIR / ".local")))


def switch(name: str, *, default: bool) -> bool:
    """Read an on/off variable. Raise ImproperlyConfigured for a typo, which django-environ would read as "off"."""
    value = env.str(name, default="").strip().lower()
    if value and value not in (*env.BOOLEAN_TRUE_STRINGS, "false", "off", "no", "n", "0"):
        raise ImproperlyConfigured(f"{name} is {value!r}; it must be on or off.")
    return value in env.BOOLEAN_TRUE_STRINGS if value else default


# The database login of this process: web, worker, owner (manage.py) or test.
PROCESS = env.str("NRGHAX_PROCESS", default="web")
TESTING = PROCESS == "test"
DEBUG = switch("DEBUG", default=False)

DEVELOPMENT_SECRET_KEY = "development only: sessions signed with it are worth nothing"  # noqa: S105
SECRET_KEY = env.str("SECRET_KEY", default=DEVELOPMENT_SECRET_KEY)
if not DEBUG and (SECRET_KEY == DEVELOPMENT_SECRET_KEY or len(SECRET_KEY) < 50):
    raise ImproperlyConfigured("Set SECRET_KEY to at least 50 random characters: production doesn't start without it.")
# Older keys that stay valid: sessions and second factors made with them survive a change of SECRET_KEY.
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"] if DEBUG else [])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

if missing := [name for name in ("DATABASE_URL", "REDIS_URL") if not env.str(name, default="")]:
    raise ImproperlyConfigured(f"Set {' and '.join(missing)}: only `make run` and manage.py start embedded servers.")
DATABASES = {"default": database_settings(env, process=PROCESS)}
# The login of `manage.py createroles`.
DATABASE_ADMIN_URL = env.str("DATABASE_ADMIN_URL", default="") or env.str("DATABASE_URL")
REDIS_URL = env.str("REDIS_URL")

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.import_export",
    "import_export",
    "nrghax.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.usersessions",
    "accounts.providers.google",
    "accounts.providers.discord",
    "csp",
    "django_htmx",
    "database",
    "accounts",
    "analytics",
    "hacks",
    "practice",
    "gamification",
    "community",
    "nrghax",
    *(["dev"] if DEBUG else []),
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "nrghax.middleware.ContentSecurityPolicyMiddleware",
    "nrghax.middleware.permissions_policy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    # Around the transaction, because commit hooks write messages too.
    "django.contrib.messages.middleware.MessageMiddleware",
    "nrghax.middleware.DatabaseIdentityMiddleware",
    "accounts.middleware.MemberTimeZoneMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "nrghax.second_factor.StaffSecondFactorMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "nrghax.middleware.whole_page_login",
]

ROOT_URLCONF = "nrghax.urls"
WSGI_APPLICATION = "nrghax.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "analytics.notifications.in_app.context_processors.unread_notifications",
            ],
        },
    },
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# Time. Rows are UTC; a member's own zone is activated by the middleware.
LANGUAGE_CODE = "en-gb"
# The product has one language. Translation lookups for each URL and value of a page would cost time for nothing.
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"
FORMAT_MODULE_PATH = "nrghax.formats"

# Static files
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = DEBUG

# Cache and sessions
CACHES = {
    "default": {
        "BACKEND": "nrghax.cache.ForgivingRedisCache",
        "LOCATION": REDIS_URL,
        # A page gives up quickly on a hanging cache. Tests wait longer, because the machine may be busy.
        "OPTIONS": dict.fromkeys(("socket_connect_timeout", "socket_timeout"), 10 if TESTING else 0.25),
    }
}
SESSION_ENGINE = "nrghax.sessions"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 60
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = True
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"

# People
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.EmailBackend"]
PASSWORD_HASHERS = (
    ["django.contrib.auth.hashers.MD5PasswordHasher"]
    if TESTING
    else [
        "django.contrib.auth.hashers.Argon2PasswordHasher",
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    ]
)
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "accounts.password_validators.SimilarityValidator"},
    {"NAME": "accounts.password_validators.LengthValidator"},
    {"NAME": "accounts.password_validators.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "practice:today"
LOGOUT_REDIRECT_URL = "home"
# The page after onboarding.
ONBOARDING_REDIRECT_URL = "first-hack"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = False
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_CONFIRM_EMAIL_ON_GET = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = None  # The login form has a check box for it.
ACCOUNT_FORMS = {
    "login": "accounts.forms.LoginForm",
    "signup": "accounts.forms.SignupForm",
    "change_password": "accounts.forms.ChangePasswordForm",
    "set_password": "accounts.forms.SetPasswordForm",
    "reset_password_from_key": "accounts.forms.ResetPasswordKeyForm",
}
ACCOUNT_CHANGE_EMAIL = True
# A stranger at an open browser can't take over the account by changing its email address.
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
# In addition to allauth's own limits on logins, sign-ups and password resets. The key of `login_failed` is an account
# together with an address, or an account's codes. Many members may share an address.
ACCOUNT_RATE_LIMITS = {
    "username_check": "60/m/user",
    "login_failed": "100/m/ip,5/5m/key",
    "login_failed_anywhere": "20/5m/key",
}

# Login with another provider. If its email address belongs to a member already, that alone does not log them in: they
# log in first and connect the provider.
SOCIALACCOUNT_PROVIDERS, PROVIDER_ORIGINS, AVATAR_ORIGINS = login_providers(env)
SOCIALACCOUNT_ADAPTER = "accounts.adapter.SocialAccountAdapter"
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
SOCIALACCOUNT_LOGIN_ON_GET = False
SOCIALACCOUNT_STORE_TOKENS = False
MFA_ADAPTER = "accounts.adapter.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_FORMS = {"add_webauthn": "accounts.forms.AddPasskeyForm"}
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "NRGHAX"
# Accept the codes just before and after the current one: a code may be typed late, or the clock be slightly off.
MFA_TOTP_TOLERANCE = 1
# In production, staff need a second factor to enter the admin.
STAFF_NEED_MFA = switch("STAFF_NEED_MFA", default=not DEBUG)

# A bot grants and removes roles on the community's Discord server. Without its token, Discord gets no requests.
DISCORD_BOT_TOKEN = env.str("DISCORD_BOT_TOKEN", default="")
DISCORD_GUILD_ID = env.str("DISCORD_GUILD_ID", default="")
if bool(DISCORD_BOT_TOKEN) != bool(DISCORD_GUILD_ID):
    raise ImproperlyConfigured("Set both of DISCORD_BOT_TOKEN and DISCORD_GUILD_ID, or neither.")
DISCORD_API_URL = env.str("DISCORD_API_URL", default="https://discord.com/api/v10")
DISCORD_TIMEOUT = 10

vars().update(env.email_url("EMAIL_URL", default="smtp://localhost:25"))
if DEBUG and "EMAIL_URL" not in env.ENVIRON:
    # Mails are written to files, and their links to the log.
    EMAIL_BACKEND = "dev.mail.DevelopmentMailbox"
    EMAIL_FILE_PATH = DATA_DIR / "mail"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="NRGHAX <hello@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# Celery. A lost broker must not delay a request: the outbox keeps the tasks that could not be sent.
CELERY_WORKER_CONCURRENCY = env.int("WORKER_CONCURRENCY", default=2)
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_PUBLISH_RETRY_POLICY = {
    "max_retries": 1,
    "interval_start": 0.05,
    "interval_step": 0,
    "interval_max": 0.05,
}
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "socket_connect_timeout": 0.25,
    # A worker waits a second at a time for its next message. A page sends a message in under 2 ms, so it gives up
    # early on a hanging broker, after three attempts. The sweeper enqueues what was not sent.
    "socket_timeout": 5 if PROCESS == "worker" else 0.1,
    "retry_on_timeout": False,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 4
CELERY_TASK_TIME_LIMIT = 600
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = SCHEDULE
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "celerybeat-schedule")

# Restrictions that browsers enforce on our pages
MEDIA_SOURCES = env.list("MEDIA_SOURCES", default=[])  # Origins of the operator's own audio and video files.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", *AVATAR_ORIGINS],
        "font-src": [SELF],
        "connect-src": [SELF],
        "media-src": [SELF, *MEDIA_SOURCES],
        "frame-src": ["https://www.youtube-nocookie.com", "https://player.vimeo.com"],
        "manifest-src": [SELF],
        "base-uri": [NONE],
        "form-action": [SELF, *PROVIDER_ORIGINS],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
# Production runs behind a proxy that terminates TLS. Set USE_HTTPS=off to serve plain http on purpose.
USE_HTTPS = switch("USE_HTTPS", default=not DEBUG)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = SECURE_SSL_REDIRECT = USE_HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 60 * 60 * 24 * 365 if USE_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = USE_HTTPS
TRUST_PROXY = switch("TRUST_PROXY", default=False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUST_PROXY else None
# Without this, all visitors behind a proxy would share the rate limits of one IP address.
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if TRUST_PROXY else 0
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if USE_HTTPS else "http"

# The admin's look. Its colours are in static/css/admin.css, its sidebar in nrghax/admin_site.py.
UNFOLD = {
    "SITE_TITLE": "NRGHAX",
    "SITE_HEADER": "NRGHAX",
    "SITE_SUBHEADER": "For staff",
    "SITE_ICON": "nrghax.admin_site.logo",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "sizes": "any", "href": "nrghax.admin_site.logo"}],
    "STYLES": ["nrghax.admin_site.style_sheet"],
    "SIDEBAR": {"navigation": "nrghax.admin_site.navigation"},
}

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "{levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    # Waitress warns of each request that waits for the thread.
    "loggers": {"waitress.queue": {"level": "ERROR"}},
}
