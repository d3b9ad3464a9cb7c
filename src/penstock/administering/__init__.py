"""What those who run the gateway can do to it: acts, each with its own rule of who may.

The command line and the admin API are two doors on the same acts. An act takes one struct, checks who asks, changes the
database, and writes what it changed into the audit log in the same transaction; it prints nothing and knows no HTTP.
"""
