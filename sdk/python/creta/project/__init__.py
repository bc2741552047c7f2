"""From the imported modules of a project to its bundle: import, link, check, write."""
