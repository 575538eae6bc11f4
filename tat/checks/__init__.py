"""ValidatorAgent (`tat check`) and its checks, which the phases run, too."""
