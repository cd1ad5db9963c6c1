"""What comes in from outside: records that applications push through the socket."""
