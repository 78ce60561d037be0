# Between installing into the package's root and packing it: what a distribution wants of the files
# that a plain `cmake --install` leaves as they are.
set(root ${CPACK_TEMPORARY_INSTALL_DIRECTORY})
set(doc ${root}/usr/share/doc/nufi)

# -n: the same package comes out whenever it is made.
function(compress)
  if(ARGN)
    execute_process(COMMAND gzip -9nf ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
  endif()
endfunction()

file(GLOB pages ${root}/usr/share/man/man*/*[0-9])
foreach(page IN LISTS pages)
  if(IS_SYMLINK ${page})
    file(READ_SYMLINK ${page} target)
    file(REMOVE ${page})
    file(CREATE_LINK ${target}.gz ${page}.gz SYMBOLIC)
  else()
    compress(${page})
  endif()
endforeach()
file(RENAME ${doc}/CHANGELOG.md ${doc}/changelog)
compress(${doc}/changelog)

execute_process(COMMAND strip --strip-unneeded --remove-section=.comment --remove-section=.note
                        ${root}/usr/bin/nufi ${root}/usr/bin/nufid COMMAND_ERROR_IS_FATAL ANY)

if(CPACK_GENERATOR STREQUAL "DEB")
  # Where Debian's zsh looks for what packages bring.
  if(EXISTS ${root}/usr/share/zsh/site-functions)
    file(RENAME ${root}/usr/share/zsh/site-functions ${root}/usr/share/zsh/vendor-completions)
  endif()
  file(MAKE_DIRECTORY ${root}/usr/share/lintian/overrides)
  file(COPY_FILE ${CPACK_NUFI_PACKAGING}/debian/lintian-overrides ${root}/usr/share/lintian/overrides/nufi)
  file(COPY_FILE ${CPACK_NUFI_PACKAGING}/debian/changelog ${doc}/changelog.Debian)
  compress(${doc}/changelog.Debian)
  file(COPY ${CPACK_NUFI_PACKAGING}/debian/copyright ${CPACK_NUFI_PACKAGING}/debian/README.Debian
       DESTINATION ${doc}
       FILE_PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
endif()

# Whatever umask it was made under.
execute_process(COMMAND chmod -R u=rwX,go=rX ${root} COMMAND_ERROR_IS_FATAL ANY)
