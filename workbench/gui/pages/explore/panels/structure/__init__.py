"""Clusters, class centroids, near-duplicates, outliers and label suspects of the opened set."""
