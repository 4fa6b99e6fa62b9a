"""Signing in elsewhere: OpenID Connect, authorization code with PKCE, state and nonce."""
