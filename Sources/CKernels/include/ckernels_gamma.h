// Functions of log Gamma that are right where differences of its values are not, and draws of counts; the same bits everywhere.
#pragma once

/// log Gamma(x + 1) for x >= 0, to 1e-14 of max(1, itself).
double kernel_log_factorial(double x);
/// R(x, c) = log Gamma(x + c) - log Gamma(c) - x log(c), the sum of log(1 + k / c) over whole k below x; 0 for x = 0. To 1e-14 of
/// itself for x >= 1.5; elsewhere, where it crosses 0, to 1e-11 of x / (c + x). For c of 1e-5 to 1e9.
double kernel_log_rising_ratio(double x, double c);
/// T(x, c) = x - c (digamma(x + c) - digamma(c)) = -c dR/dc, the sum of k / (c + k) over whole k below x; to 1e-12 of itself, likewise.
double kernel_log_rising_slope(double x, double c);

/// The count at which the distribution function of the negative binomial distribution of this mean and dispersion (variance mean +
/// mean^2 / dispersion; infinite for the Poisson distribution) exceeds u, a number in 0..<1; never 2^24 beyond the mode.
double kernel_draw_count(double u, double mean, double dispersion);
