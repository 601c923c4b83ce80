"""What the product costs beside its peers, in the same minutes on the same machine."""
