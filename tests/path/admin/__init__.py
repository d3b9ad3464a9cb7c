"""The admin API of whole gateways."""
