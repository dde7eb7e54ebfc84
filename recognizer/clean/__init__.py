"""What is wrong with the photos: checks write issues, a rule or a person writes decisions."""
