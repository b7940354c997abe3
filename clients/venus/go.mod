// The versions of Venus stand in versions/, one pair of files each; `build` chooses. This file is the module's place.
module syncheck/venus

go 1.25.0
