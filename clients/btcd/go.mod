// The versions of btcd stand in versions/, one pair of files each; `build` chooses. This file is the module's place.
module syncheck/btcd

go 1.25.0
