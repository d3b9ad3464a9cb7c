"""Every method of the providers' SDKs, called without the gateway and through it."""
