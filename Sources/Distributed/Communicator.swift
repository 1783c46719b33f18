/// Ranks.
