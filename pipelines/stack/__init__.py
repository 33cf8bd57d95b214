"""A broker and Airflow on this machine: what they need, how they start, and how they are stopped by their own pids."""
