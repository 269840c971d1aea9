"""Categories that an organization teaches by examples."""
