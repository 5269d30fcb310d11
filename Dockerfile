# One image for every Airflow component and for the commands of Meterbridge.
FROM python:3.11-slim-bookworm AS build
WORKDIR /opt/meterbridge
COPY requirements.lock .
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY . .
RUN /opt/venv/bin/pip install --no-cache-dir --no-deps --no-build-isolation -e .

FROM python:3.11-slim-bookworm
RUN useradd --uid 10001 --create-home meterbridge \
    && install -d -o meterbridge -g meterbridge /data /opt/airflow /opt/airflow/logs
COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/meterbridge /opt/meterbridge
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/opt/meterbridge \
    PYTHONUNBUFFERED=1 \
    AIRFLOW_HOME=/opt/airflow
WORKDIR /opt/meterbridge
USER meterbridge
ENTRYPOINT ["docker/entrypoint.sh"]
