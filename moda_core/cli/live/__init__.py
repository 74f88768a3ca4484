"""A page in the browser with a portrait that answers to the microphone."""
