"""Talos boot images: the Image Factory, schematics, and the mirror of files under data/assets."""
