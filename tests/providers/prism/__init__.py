"""What our clients send, judged by the vendors' own specifications (Prism, ../shared)."""
