# cmake -D "FILES=a.json;b.json" -D OUTPUT=x.cc -P embed.cmake: writes the files as a table of raw string literals, in the
# order of their names. A literal is cut every 8000 bytes: compilers need not take longer ones.
set(rows "")
list(SORT FILES)
foreach(file ${FILES})
  get_filename_component(name ${file} NAME_WE)
  file(READ ${file} left)
  set(literals "")
  while(NOT left STREQUAL "")
    string(LENGTH "${left}" length)
    if(length GREATER 8000)
      set(length 8000)
    endif()
    string(SUBSTRING "${left}" 0 ${length} piece)
    string(SUBSTRING "${left}" ${length} -1 left)
    string(APPEND literals "\n     R\"json_(${piece})json_\"")
  endwhile()
  string(APPEND rows "    {\"${name}\",${literals}},\n")
endforeach()
file(WRITE ${OUTPUT}.tmp "// Written by src/targets/sim/embed.cmake from config/targets/*.json.
#include \"targets/sim/profile.h\"

namespace quern {

const std::vector<ShippedProfile>& shipped_profiles() {
  static const std::vector<ShippedProfile> kProfiles = {
${rows}  };
  return kProfiles;
}

}  // namespace quern
")
file(RENAME ${OUTPUT}.tmp ${OUTPUT})
