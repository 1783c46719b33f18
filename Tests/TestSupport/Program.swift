/// Running programs in tests.
