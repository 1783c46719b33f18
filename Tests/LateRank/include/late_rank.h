// The library replaces functions of MPI and Open MPI, so there is nothing to declare.
