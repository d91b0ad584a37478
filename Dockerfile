# One image for every part: `python -m config.part web|worker|mailer|beat|listener|fetcher`, and `manage.py prepare` before them.
FROM python:3.13-slim-trixie AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/venv
COPY requirements.lock /tmp/requirements.lock
RUN /opt/venv/bin/pip install --require-hashes --no-deps --only-binary :all: -r /tmp/requirements.lock

FROM python:3.13-slim-trixie
RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin helpdesk \
    && install -d -o helpdesk -g helpdesk /data /app/staticfiles
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    MODE=production HOST=0.0.0.0 PORT=8000 SMTP_PORT=2525 DATA_DIR=/data
COPY --from=build /opt/venv /opt/venv
WORKDIR /app
COPY --chown=root:root manage.py LICENSE ./
COPY --chown=root:root config config
COPY --chown=root:root tickets tickets
COPY --chown=root:root sla sla
COPY --chown=root:root feedback feedback
COPY --chown=root:root duty duty
COPY --chown=root:root followup followup
COPY --chown=root:root helpdesk helpdesk
COPY --chown=root:root locale locale
# Compiled once, not at every start of every part.
RUN python -m compileall -q .
# Static files are part of the image: collected once, under names that change with their content.
RUN SECRET_KEY=$(python -c 'import secrets; print(secrets.token_urlsafe(64))') ALLOWED_HOSTS=build \
    PUBLIC_URL=https://build DATABASE_URL=postgresql://build/build REDIS_URL=redis://build \
    EMAIL_URL=smtp://build:25 \
    python manage.py collectstatic --noinput
USER helpdesk
VOLUME /data
EXPOSE 8000 2525
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 CMD ["python", "-m", "config.probe", "web"]
CMD ["python", "-m", "config.part", "web"]
