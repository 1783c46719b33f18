// Elementary functions in double precision, the same bits with every C library: from + - * /, square roots and integers alone.
// Good to less than 1 ulp.
#pragma once

double kernel_exp(double x);
/// exp(x) - 1, accurate also for small x.
double kernel_expm1(double x);
double kernel_log(double x);
double kernel_log2(double x);
double kernel_log10(double x);
/// x to the power of y, for x >= 0; not a number for others.
double kernel_pow(double x, double y);
/// The sine of an angle up to 2^20, beyond which it is not a number.
double kernel_sin(double x);
/// The cosine of an angle up to 2^20, beyond which it is not a number.
double kernel_cos(double x);
double kernel_acos(double x);
/// The root of x^2 + y^2, also where the squares would overflow.
double kernel_hypot(double x, double y);
