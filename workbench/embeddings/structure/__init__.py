"""What is in an embedding: clusters, class centroids, near-duplicates, outliers, label suspects, changes."""
