# One image for every process: web, bot and worker differ in their command alone (docker-compose.yml).
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 FLASK_APP=wsgi
WORKDIR /app

COPY requirements.txt .
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt

COPY . .
RUN if [ -d webapp/translations ]; then pybabel -q compile -d webapp/translations; fi \
 && useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin vitrina \
 && install -d -o vitrina -g vitrina /data

ENV VITRINA_ENV=production VITRINA_HOME=/data HOST=0.0.0.0 PORT=8000
USER vitrina
VOLUME /data
EXPOSE 8000

HEALTHCHECK --interval=15s --timeout=3s --start-period=20s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request as web; web.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/healthz', timeout=2)"]

CMD ["python", "-m", "granian", "--interface", "wsgi", "--http", "1", "--no-ws", "--host", "0.0.0.0", "--port", "8000", \
     "--workers", "2", "--blocking-threads", "2", "--no-access-log", "--log-level", "warning", "--respawn-failed-workers", \
     "--workers-kill-timeout", "9", "wsgi:app"]
