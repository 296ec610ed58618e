"""The database: tables' base, engine and sessions, migrations, and the embedded PostgreSQL."""
