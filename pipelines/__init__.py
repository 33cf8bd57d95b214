"""Cordon: stages that move incident records, and the stores they use. Nothing here imports Airflow."""
