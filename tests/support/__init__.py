"""What tests stand on: a scripted provider, a running gateway, and the recorded traffic. All of it real sockets."""
