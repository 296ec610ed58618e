"""What follows a commit: the outbox and its relay, the streams that subscriptions read."""
