"""What every room stands on: settings, database, writer, errors, files, seal, gate.

It knows no room."""
