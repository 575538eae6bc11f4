"""ValidatorAgent (`tat check`) and the checks it is made of; the phases run them, too."""
