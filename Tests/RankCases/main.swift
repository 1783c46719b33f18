print("RankCases")
