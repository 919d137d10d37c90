"""Voices of providers: a file each. Those that take a reply's text as it grows share `contexts`."""
