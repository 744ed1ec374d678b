"""Networks of other code, named by a SPEC: each library's module builds one and reads what it says of itself."""
