package parse

// Poisoning tells tests whether this build overwrites borrowed bytes.
const Poisoning = poisoning
