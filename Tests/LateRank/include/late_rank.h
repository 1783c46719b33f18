// The library replaces a function of Open MPI, so there is nothing to declare.
