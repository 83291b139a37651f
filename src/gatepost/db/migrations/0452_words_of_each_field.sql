-- A sender chose all words that an entry was found by: now each field has its share. The index is made anew over the next
-- minutes; meanwhile searches say how many entries it lacks.
truncate entry_words;
truncate entry_words_done;
