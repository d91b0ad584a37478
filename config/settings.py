"""One settings file for development, tests and production; `config/env.py` declares every variable."""

import os
import secrets
from datetime import timedelta
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from config import embedded, env

MODE = env.choice("MODE", "development", "test", "production")
IS_PRODUCTION = MODE == "production"
DEBUG = False

ROOT = env.ROOT
DATA_DIR = env.folder("DATA_DIR")
HOST = env.text("HOST")
PORT = env.number("PORT", 1, 65535)
SMTP_PORT = env.number("SMTP_PORT", 1, 65535)
PUBLIC_URL = (env.text("PUBLIC_URL") or f"http://{HOST}:{PORT}").rstrip("/")
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
    if not PUBLIC_URL.startswith("https://"):
        raise ImproperlyConfigured("Set PUBLIC_URL to the https:// address under which people reach this.")
elif not ALLOWED_HOSTS:
    ALLOWED_HOSTS = [
        "localhost",
        "127.0.0.1",
        "[::1]",
        "testserver",
        HOST,
        urlsplit(PUBLIC_URL).hostname or "",
    ]
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")

# --- applications -------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "helpdesk",
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
    "helpdesk.notify.on_ticket_event",
]

MIDDLEWARE = [
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
DATABASES = {"default": env.database(env.text("DATABASE_URL") or BUNDLED.database_url)}
DATABASES["default"] |= {"CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True}

# In the database, so that a wiped Redis signs nobody out and forgets no rate limit.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"}}
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = int(timedelta(days=7).total_seconds())

# --- work in the background ---------------------------------------------------------------------------

REDIS_URL = env.text("REDIS_URL") or BUNDLED.redis_url
CELERY_BROKER_URL = env.broker(REDIS_URL)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_ENABLE_UTC = True

# --- people -------------------------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
if MODE == "test":
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]

# --- language, time, files ----------------------------------------------------------------------------

LANGUAGE_CODE = "en"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
LOCALE_PATHS = [ROOT / "locale"]
STATIC_URL = "/static/"
STATIC_ROOT = ROOT / "staticfiles"
MEDIA_ROOT = DATA_DIR / "media"

# --- API ----------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
}
SPECTACULAR_SETTINGS = {"TITLE": "Helpdesk", "VERSION": "1", "SERVE_INCLUDE_SCHEMA": False}
