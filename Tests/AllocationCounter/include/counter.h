// The counter replaces functions of the C library and of MPI, so there is hardly anything to declare.

// The calls of MPI so far by which this process talked to others.
long message_calls(void);
