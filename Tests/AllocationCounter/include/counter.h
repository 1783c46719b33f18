// Nothing to declare: the counter replaces functions of the C library.
