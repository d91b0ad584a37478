"""One settings file for development, tests and production; `config/env.py` declares every variable."""

import os
import secrets
from datetime import timedelta
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from config import embedded, env, limits, part

MODE = env.choice("MODE", "development", "test", "production")
IS_PRODUCTION = MODE == "production"
DEBUG = False

ROOT = env.ROOT
DATA_DIR = env.folder("DATA_DIR")
HOST = env.text("HOST")
PORT = env.number("PORT", 1, 65535)
SMTP_PORT = env.number("SMTP_PORT", 1, 65535)
PUBLIC_URL = (env.text("PUBLIC_URL") or f"http://{env.reachable(HOST)}:{PORT}").rstrip("/")
MAIL_DOMAIN = env.text("MAIL_DOMAIN") or urlsplit(PUBLIC_URL).hostname or "localhost"

# Demo people and their well-known password exist only on a machine that talks to nobody else.
DEMO = env.flag("DEMO") and not (IS_PRODUCTION or env.is_set("HOST") or env.is_set("DATABASE_URL"))


# --- secrets ------------------------------------------------------------------------------------------


def _secret_key() -> str:
    key = env.text("SECRET_KEY")
    if IS_PRODUCTION:
        if len(key) < 50 or len(set(key)) < 10 or key.startswith("django-insecure"):
            raise ImproperlyConfigured(
                "Set SECRET_KEY to at least 50 random signs before starting in production."
            )
        return key
    return key or _kept_key()


def _kept_key() -> str:
    """A key of this DATA_DIR's own, made at the first start."""
    path = DATA_DIR / "secret-key"
    DATA_DIR.mkdir(parents=True, exist_ok=True)
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(64))
    except FileExistsError:
        pass
    return path.read_text()


SECRET_KEY = _secret_key()
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS")

# --- who may ask --------------------------------------------------------------------------------------

ALLOWED_HOSTS = env.words("ALLOWED_HOSTS")
if IS_PRODUCTION:
    if not ALLOWED_HOSTS or "*" in ALLOWED_HOSTS:
        raise ImproperlyConfigured("Set ALLOWED_HOSTS to the host names of this installation, without “*”.")
    if not env.is_set("EMAIL_URL"):
        raise ImproperlyConfigured(
            "Set EMAIL_URL to the mail server that sends for you, as in smtp://mail:25."
        )
    if not PUBLIC_URL.startswith("https://"):
        raise ImproperlyConfigured("Set PUBLIC_URL to the https:// address under which people reach this.")
elif not ALLOWED_HOSTS:
    ALLOWED_HOSTS = [
        "localhost",
        "127.0.0.1",
        "[::1]",
        HOST,
        urlsplit(PUBLIC_URL).hostname or "",
    ]
    if env.is_everywhere(HOST):  # then this machine may be asked by all its names
        ALLOWED_HOSTS += env.own_names()
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
if any("*" in origin or "://" not in origin for origin in CSRF_TRUSTED_ORIGINS):
    raise ImproperlyConfigured(
        "CSRF_TRUSTED_ORIGINS lists whole origins, as in https://help.example.com, without “*”."
    )

# Only a proxy that sets (and never passes on) X-Forwarded-Proto may speak for the client's connection.
BEHIND_PROXY = env.flag("BEHIND_PROXY")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
SECURE_SSL_REDIRECT = IS_PRODUCTION
SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 63_072_000 if IS_PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = IS_PRODUCTION
SECURE_HSTS_PRELOAD = False
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SILENCED_SYSTEM_CHECKS = [
    "security.W021",  # preloading every subdomain into browsers is the owner's choice, not a default
    "auth.W004",  # addresses are unique by a constraint that ignores case, which this check cannot see
]

# Cookies know no ports: a second installation on one machine, on another port, needs names of its own.
# `__Host-` works over HTTPS alone.
_COOKIE = "__Host-{}" if IS_PRODUCTION else "{}" if PORT == 8000 else f"{{}}-{PORT}"
SESSION_COOKIE_NAME = _COOKIE.format("sessionid")
CSRF_COOKIE_NAME = _COOKIE.format("csrftoken")
LANGUAGE_COOKIE_NAME = _COOKIE.format("language")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = IS_PRODUCTION
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "helpdesk.errors.csrf_failed"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# One form may carry this much beside its files; views that take files check those themselves.
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000
DATA_UPLOAD_MAX_NUMBER_FILES = 20
# What people may attach to one message: files, octets of each, octets of all.
FILES_MOST = 10
FILE_BYTES = 20_000_000
FILES_BYTES = 25_000_000

# --- applications -------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "config",
    "helpdesk",
    "followup",
    "duty",
    "feedback",
    "sla",
    "tickets",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
]
AUTH_USER_MODEL = "tickets.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

# Who hears of an event, in this order and in the same transaction (design: "Wiring is data").
TICKET_SUBSCRIBERS = [
    "sla.subscriber.on_ticket_event",
    "feedback.subscriber.on_ticket_event",
    "duty.subscriber.on_ticket_event",
    "followup.subscriber.on_ticket_event",
    "helpdesk.notify.on_ticket_event",
]
# What gives the API a report's figures: a function of the report's key, the parameters and the reader.
REPORT_FIGURES = "helpdesk.reports.answers.answer"
# What the mails of reports say: a function of a report's page, its filters and the instant.
REPORT_DIGEST = "helpdesk.reports.digests.digest"
# Long work that the workers do in slices (tickets/jobs.py): kind and its function.
JOB_KINDS = {
    "sla.recompute": "sla.recompute.recompute_slice",
    "sla.simulate": "sla.simulate.simulate_slice",
    "tickets.bulk": "tickets.actions.bulk.change_slice",
    "tickets.undo_bulk": "tickets.actions.bulk.undo_slice",
}

MIDDLEWARE = [
    "helpdesk.headers.ClientAddress",
    "helpdesk.headers.SecurityHeaders",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "helpdesk.accounts.sessions.Reader",
    "django_htmx.middleware.HtmxMiddleware",
]

_CONTEXT_PROCESSORS = [
    "django.template.context_processors.request",
    "django.template.context_processors.i18n",
    "django.contrib.auth.context_processors.auth",
    "django.contrib.messages.context_processors.messages",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [ROOT / "helpdesk" / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "environment": "helpdesk.jinja.environment",
            "context_processors": [*_CONTEXT_PROCESSORS, "helpdesk.context.page"],
        },
    },
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": _CONTEXT_PROCESSORS},
    },
]

# --- database, cache, sessions ------------------------------------------------------------------------

BUNDLED = embedded.Servers(DATA_DIR)
STATEMENT_SECONDS = env.number("DB_TIMEOUT", 0, 3600)
DATABASES = {
    "default": env.database(
        env.text("DATABASE_URL") or BUNDLED.database_url,
        connect_timeout=5,
        prepare_threshold=1_000_000_000,  # only what asks for it is prepared (tickets/statements.py)
        options=limits.session_options(STATEMENT_SECONDS),
    )
    | {"CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True}
}

# One for each thread of the web server (one of them looks after live lines), each task and each lease that is
# kept; some for mailboxes (one each), commands and probes.
CONNECTIONS_NEEDED = (
    env.number("WEB_WORKERS", 1, 64) * (part.WEB_THREADS + 1)
    + 2 * env.number("WORKER_CONCURRENCY", 1, 64)
    + 30
)

# In the database, so that a wiped Redis signs nobody out and forgets no rate limit.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"}}
SESSION_ENGINE = "helpdesk.accounts.session_store"
SESSION_COOKIE_AGE = int(timedelta(days=14).total_seconds())  # of guests; sign-ins: SESSION_LIMITS

# --- work in the background ---------------------------------------------------------------------------

REDIS_URL = env.text("REDIS_URL") or BUNDLED.redis_url
CELERY_BROKER_URL = env.broker(REDIS_URL)
# A worker that died with a task gives it back after this long; longer than any task may run. Nothing waits
# for it: sweeps find the row within a minute. Celery reads the number under three names.
CELERY_VISIBILITY_TIMEOUT = 900
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": CELERY_VISIBILITY_TIMEOUT,
    "global_keyprefix": "helpdesk:",
    "socket_timeout": 1.0,
    "socket_connect_timeout": 1.0,
    "retry_on_timeout": False,
}
CELERY_RESULT_BACKEND_TRANSPORT_OPTIONS = {"visibility_timeout": CELERY_VISIBILITY_TIMEOUT}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_TASK_TIME_LIMIT = 300
# Acknowledged after the work. A task that took its worker down is not repeated by the broker (it might do it
# again for ever) but by its row's sweep, which counts attempts.
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ROUTES = {
    "mail.deliver": {"queue": "outgoing"},
    # Figures may wait for a moment; people's mail does not wait behind them (0 goes first).
    "sla.measure": {"priority": 6},
    "sla.join_sweep": {"priority": 6},
    "tickets.run_job": {"priority": 9},
}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_ETA_TASK_LIMIT = 100
CELERY_WORKER_MAX_TASKS_PER_CHILD = 500
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 60.0
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_ENABLE_UTC = True

# --- mail that goes out -------------------------------------------------------------------------------

MAIL_SERVER = env.mail_server(env.text("EMAIL_URL"))
# Without a mail server mail is kept to be read at /mailbox/, and that only where no other machine can reach
# the page: it shows sign-in codes. Elsewhere mail waits until EMAIL_URL is set.
MAILBOX = (
    MAIL_SERVER is None
    and not IS_PRODUCTION
    and not env.flag("BEHIND_PROXY")
    and env.is_loopback(HOST)
    and env.is_loopback(urlsplit(PUBLIC_URL).hostname or "")
)
MAIL_LEASE = timedelta(seconds=30)  # renewed while the worker lives
MAIL_DOT_SECONDS = 600.0
MAIL_TALK_SECONDS = 300.0  # for all of one mail but the answer to its final dot
MAIL_GAPS = [timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 60)]
MAIL_GIVES_UP_AFTER = timedelta(days=5)
MAIL_PARALLEL = 2  # as many as the mailer has processes
MAIL_ATTACHMENTS_BYTES = env.number("MAIL_FILES_MB", 1, 100) * 1_000_000
FILE_LINK_LASTS = timedelta(days=env.number("FILE_LINK_DAYS", 1, 365))
# What strangers can make us send to one address.
AUTOMATIC_MAIL_GAP = timedelta(minutes=10)
AUTOMATIC_MAIL_A_DAY = 5

# --- what promises tell --------------------------------------------------------------------------------

# A level found so long after it fell is part of a backlog; its mail waits for the sweep, at most for HOLD.
ESCALATION_LATE = timedelta(minutes=5)
ESCALATION_HOLD = timedelta(minutes=30)
# So many mails about promises may go to one address in such a gap; what comes beyond goes together after it.
ESCALATION_MAILS = 3
ESCALATION_GAP = timedelta(minutes=5)

# --- people -------------------------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = ["helpdesk.accounts.backend.Backend"]
if MODE == "test":
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
PASSWORD_RESET_TIMEOUT = int(timedelta(hours=1).total_seconds())

ACCOUNT_ADAPTER = "helpdesk.accounts.adapter.Adapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_MAX_ATTEMPTS = 3
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = ACCOUNT_LOGIN_TIMEOUT = int(timedelta(minutes=15).total_seconds())
ACCOUNT_RATE_LIMITS = False  # TRIES below, counted exactly and in the database

# Without a request for so long, and altogether, until a sign-in ends.
SESSION_LIMITS = {
    "member": (timedelta(hours=12), timedelta(days=7)),
    "customer": (timedelta(days=14), timedelta(days=90)),
}
# How often: by whom it is counted, the number allowed, the time in which. `pair` is an account from one
# address (its wait grows to 15 minutes), `account` the account from anywhere, `address` the client's address,
# `mail` the address that is sent to.
TRIES = {
    "sign-in": [
        ("pair", 5, timedelta(minutes=1)),
        ("pair", 8, timedelta(minutes=5)),
        ("pair", 12, timedelta(minutes=15)),
        ("account", 100, timedelta(hours=1)),
        ("address", 60, timedelta(minutes=1)),
    ],
    "code": [("mail", 5, timedelta(hours=1)), ("address", 60, timedelta(hours=1))],
    "reset": [("mail", 3, timedelta(hours=1)), ("address", 10, timedelta(hours=1))],
    "ticket": [("account", 30, timedelta(hours=1))],
    "reply": [("account", 30, timedelta(minutes=10))],
    "guest ticket": [("mail", 3, timedelta(hours=1)), ("address", 5, timedelta(hours=1))],
}

# --- language, time, files ----------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]  # each complete: `bin/words --check`
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
LOCALE_PATHS = [ROOT / "locale"]
STATIC_URL = "/static/"
STATIC_ROOT = ROOT / "staticfiles" if IS_PRODUCTION else DATA_DIR / "static"
if not IS_PRODUCTION:
    STATIC_ROOT.mkdir(parents=True, exist_ok=True)
MEDIA_ROOT = DATA_DIR / "media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        # Production serves what `manage.py prepare` collected, under names that change with the content.
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if IS_PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not IS_PRODUCTION
WHITENOISE_MAX_AGE = 3600 if IS_PRODUCTION else 0

# --- mail that comes in -------------------------------------------------------------------------------

SMTP_SIZE = 35 * 1024 * 1024  # of one mail, in bytes
SMTP_TLS_CERT, SMTP_TLS_KEY = env.file("SMTP_TLS_CERT"), env.file("SMTP_TLS_KEY")
SMTP_SIGN_IN = env.text("SMTP_SIGN_IN")
if SMTP_SIGN_IN and not (SMTP_TLS_CERT and ":" in SMTP_SIGN_IN):
    raise ImproperlyConfigured("SMTP_SIGN_IN must look like name:password, and needs SMTP_TLS_CERT.")
LMTP_PORT = env.number("LMTP_PORT", 0, 65535)
SMTP_RELAYS = env.networks("SMTP_RELAYS")
# Of one address that is no relay of ours.
SMTP_CONNECTIONS_A_MINUTE = 60
SMTP_MAILS_A_MINUTE = 300
SMTP_SIGN_INS_A_MINUTE = 5  # that failed
SMTP_RECIPIENTS = 100
SMTP_SESSIONS = 20
SMTP_SESSIONS_PER_ADDRESS = 5
SMTP_ANSWER_SECONDS = 10.0  # after the final dot: stored, or told to come again
SMTP_IDLE_SECONDS = 300
IMAP_ANSWER_SECONDS = 60.0  # of a mail server to one command
IMAP_IDLE_SECONDS = 110.0  # after which we ask again, whatever the server has told by itself
IMAP_POLL_SECONDS = 60.0  # where a server tells nothing by itself
IMAP_BATCH = 50
IMAP_BACKLOG = 200  # older mail than this many comes in behind newer mail
IMAP_GAPS = (2.0, 5.0, 15.0, 30.0, 60.0, 120.0)  # seconds until a mailbox that failed is tried again
MAIL_MAX_HEADERS = 1000
MAIL_MAX_HEADER_BYTES = 32 * 1024
MAIL_MAX_HEADER_BLOCK_BYTES = 256 * 1024
MAIL_MAX_PARTS = 200
MAIL_MAX_DEPTH = 30
MAIL_MAX_TEXT = 1024 * 1024
MAIL_CHILD_CPU_SECONDS = 20
MAIL_CHILD_WALL_SECONDS = 40.0
MAIL_CHILD_MEMORY = 512 * 1024 * 1024
MAIL_CHILD_MAILS = 5000
MAIL_ATTEMPTS = 3
MAIL_CLAIM = timedelta(seconds=30)  # renewed while the worker lives
MAIL_SWEEP_AFTER_SECONDS = 10
# The names are compared in lower case. More mail than a budget allows is suspended, never dropped.
MAIL_AUTHSERV_IDS = frozenset(name.lower() for name in env.words("MAIL_AUTHSERV_IDS"))
MAIL_SPAM = env.choice("MAIL_SPAM", "off", "quiet", "suspend")
MAIL_SENDER_BUDGET = env.number("MAIL_SENDER_BUDGET", 0, 1_000_000)
MAIL_TICKET_BUDGET = env.number("MAIL_TICKET_BUDGET", 0, 1_000_000)
MAIL_BUDGET_WINDOW = timedelta(minutes=10)

# Machines of ours that entries in set-up may name as a mailbox or sign-in server; all others are public ones.
PRIVATE_TARGETS = env.words("PRIVATE_TARGETS")

# --- what is written down -----------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "format": "{asctime}Z {levelname} {name}: {message}",
            "style": "{",
            "datefmt": "%Y-%m-%dT%H:%M:%S",
            "()": "config.logs.UtcFormatter",
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.choice("LOG_LEVEL", "DEBUG", "INFO", "WARNING", "ERROR")},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        # Every line of every SMTP conversation, and every task that went well.
        "mail.log": {"level": "WARNING"},
        "imapclient": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
    },
}

# --- API ----------------------------------------------------------------------------------------------

API_LIMITS = {  # a minute and token
    "request": env.number("API_REQUESTS", 1, 1_000_000),
    "search": env.number("API_SEARCHES", 1, 1_000_000),
}
API_TOKEN_DAYS = 365
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["helpdesk.api.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_THROTTLE_CLASSES": [
        "helpdesk.api.throttles.PerToken",
        "helpdesk.api.throttles.SearchPerToken",
    ],
    "DEFAULT_PARSER_CLASSES": ["helpdesk.api.parsing.StrictParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "helpdesk.api.errors.handle",
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Helpdesk",
    "DESCRIPTION": "Tickets, what is said on them, and what is done to them. Instants are ISO 8601 in UTC.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "Channel": "tickets.models.Channel",
        "Status": "tickets.models.Status",
        "DraftKind": "tickets.models.DraftKind",
        "ClockState": "sla.models.ClockState",
        "DeliveryState": "helpdesk.models.Delivery.State",
    },
}
