"""Clusters: their settings, sealed secrets, members and volumes, and each machine's Talos config.

The database holds what people decided; a config is computed when it is asked for, and the machine
gets the bytes the preview shows.
"""
