"""From words to photos: search engines give hits, downloads make them photos."""
