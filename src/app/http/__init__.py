"""The HTTP face: a file a resource, one table of errors, and the server that ties them to sockets."""
