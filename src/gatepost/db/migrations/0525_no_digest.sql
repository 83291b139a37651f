-- Whoever guesses an agent's document would know it again by its bare digest; the record commits to it, under a salt.

alter table hosted_agent drop column digest;
